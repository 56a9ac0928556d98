/** A backend that reads leniently, as a peer. */
import type { Cleanup } from '../harness/cleanup.ts';
import { type LenientModel, startLenientBackend } from '../harness/lenient-backends.ts';
import { type Peer, seenRequest } from './peer.ts';

export async function startLenientPeer(cleanup: Cleanup, model: LenientModel): Promise<Peer> {
  const backend = await startLenientBackend(cleanup, model);
  return {
    name: model.name,
    port: backend.port,
    complete: () => backend.requests.map(({ method, target, body }) => seenRequest(method, target, body)),
    refusals: () => [],
    mayRefuse: () => false,
  };
}
