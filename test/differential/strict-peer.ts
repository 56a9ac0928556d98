/** The tests' own strict reader as a backend: what the others are compared with. */
import type { Cleanup } from '../harness/cleanup.ts';
import { startRecordingBackend } from '../harness/recording-backend.ts';
import { type Peer, seenRequest } from './peer.ts';

export async function startStrictPeer(cleanup: Cleanup): Promise<Peer> {
  const backend = await startRecordingBackend(cleanup);
  return {
    name: 'strict reader',
    port: backend.port,
    complete: () => backend.arrivals.map(({ method, target, body }) => seenRequest(method, target, body)),
    refusals: () => backend.connections.flatMap(({ malformed }) => malformed ?? []),
    mayRefuse: () => false,
  };
}
