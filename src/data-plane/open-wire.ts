/** Wires of either kind: over handles where Node has them, over sockets otherwise. */
import { Socket } from 'node:net';
import { HandleWire } from './handle-wire.ts';
import { SocketWire } from './socket-wire.ts';
import { TCP_HANDLES, type TcpHandle } from './tcp-handles.ts';
import type { Wire, WireOwner } from './wire.ts';

/** A connection that has been accepted and not been read from. */
export type Incoming = Socket | TcpHandle;

/** Takes over an accepted connection. It is read from once it has its owner. */
export function acceptWire(incoming: Incoming, ownerOf: (wire: Wire) => WireOwner): Wire {
  return incoming instanceof Socket ? SocketWire.accept(incoming, ownerOf) : HandleWire.accept(incoming, ownerOf);
}

/** Opens a connection; `owner.onConnect` or `owner.onClose` follows, never before this returns. */
export function connectWire(host: string, port: number, owner: WireOwner): Wire {
  return TCP_HANDLES === null
    ? SocketWire.connect(host, port, owner)
    : HandleWire.connect(TCP_HANDLES, host, port, owner);
}

/** Closes an accepted connection unread. */
export function refuseIncoming(incoming: Incoming): void {
  if (incoming instanceof Socket) incoming.destroy();
  else incoming.close();
}

/** Who is at the other end: an IP address, or `unknown` once it is gone. */
export function peerOf(incoming: Incoming): string {
  const peer: { address?: string } = {};
  if (incoming instanceof Socket) return plainAddress(incoming.remoteAddress ?? 'unknown');
  incoming.getpeername(peer);
  return plainAddress(peer.address ?? 'unknown');
}

/** An address without the prefix of an IPv4 address on an IPv6 socket. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address;
}
