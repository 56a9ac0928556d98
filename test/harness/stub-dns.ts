/**
 * A name server on 127.0.0.1 that says what the test tells it to, by name and kind of address, and
 * remembers what it was asked. What does not fit into 512 bytes is to be fetched by TCP, as with
 * real ones.
 */
import dgram from 'node:dgram';
import { once } from 'node:events';
import net from 'node:net';
import type { Cleanup } from './cleanup.ts';

export interface Records {
  readonly addresses: readonly string[];
  /** Seconds; 60 by default. */
  readonly ttl?: number;
  /** The name is another name for this one, which has the addresses. */
  readonly alias?: string;
}

/** `empty`: the name is there, but nothing of this kind. */
export type Reply = Records | 'empty' | 'nxdomain' | 'servfail' | 'refused' | 'silence' | 'garbage';
export type Kind = 'ipv4' | 'ipv6';

export interface Question {
  readonly name: string;
  readonly kind: Kind;
}

const RCODES = { empty: 0, servfail: 2, nxdomain: 3, refused: 5 } as const;
const TYPES = { ipv4: 1, ipv6: 28 } as const;
const ALIAS_TYPE = 5;
const MAX_UDP_BYTES = 512;
const HEAD_BYTES = 12;
/** Points at the name in the question. */
const SAME_NAME = Buffer.from([0xc0, HEAD_BYTES]);

export class StubDns {
  readonly port: number;
  readonly questions: Question[] = [];
  readonly #replies = new Map<string, Partial<Record<Kind, Reply>>>();
  #isDead = false;

  constructor(port: number) {
    this.port = port;
  }

  /** As the config names it. */
  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** What it says from now on. A kind that is left out is `empty`; a name that was never set is `nxdomain`. */
  set(name: string, replies: Partial<Record<Kind, Reply>>): void {
    this.#replies.set(name, replies);
  }

  /** Has these IPv4 addresses, and no others. */
  setAddresses(name: string, addresses: readonly string[], ttl = 1): void {
    this.set(name, { ipv4: { addresses, ttl } });
  }

  /** Says nothing any more, or answers again. */
  set isDead(isDead: boolean) {
    this.#isDead = isDead;
  }

  timesAsked(name: string, kind: Kind = 'ipv4'): number {
    return this.questions.filter((question) => question.name === name && question.kind === kind).length;
  }

  /** The answer to one message; null for none. */
  answer(message: Buffer, maxBytes: number): Buffer | null {
    const { name, type, end } = readQuestion(message);
    const kind: Kind = type === TYPES.ipv6 ? 'ipv6' : 'ipv4';
    this.questions.push({ name, kind });
    const replies = this.#replies.get(name);
    const reply = this.#isDead ? 'silence' : replies === undefined ? 'nxdomain' : (replies[kind] ?? 'empty');
    const question = message.subarray(HEAD_BYTES, end);
    if (reply === 'silence') return null;
    if (reply === 'garbage') return Buffer.concat([message.subarray(0, 2), Buffer.from('this is no DNS message')]);
    if (typeof reply === 'string') return Buffer.concat([headOf(message, RCODES[reply], 0), question]);
    const records = recordsOf(reply, type);
    const whole = Buffer.concat([headOf(message, 0, records.length), question, ...records]);
    return whole.length <= maxBytes ? whole : Buffer.concat([headOf(message, 0, 0, true), question]);
  }
}

/** Starts one; it stops when the test ends. */
export async function startStubDns(cleanup: Cleanup): Promise<StubDns> {
  const { tcp, udp, port } = await bindBoth();
  const stub = new StubDns(port);
  udp.on('message', (message, from) => {
    const answer = stub.answer(message, MAX_UDP_BYTES);
    if (answer !== null) udp.send(answer, from.port, from.address);
  });
  const sockets = new Set<net.Socket>();
  tcp.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    // A question fits into one packet, behind its length in two bytes.
    socket.on('data', (bytes: Buffer) => {
      const answer = stub.answer(bytes.subarray(2), Number.POSITIVE_INFINITY);
      if (answer !== null) socket.write(Buffer.concat([uint16(answer.length), answer]));
    });
  });
  cleanup.after(async () => {
    udp.close();
    for (const socket of sockets) socket.destroy();
    tcp.close();
    await once(tcp, 'close');
  });
  return stub;
}

/** UDP and TCP on one port: a port that is free for the one may be taken for the other. */
async function bindBoth(attempts = 10): Promise<{ tcp: net.Server; udp: dgram.Socket; port: number }> {
  const tcp = net.createServer();
  tcp.listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  const { port } = tcp.address() as net.AddressInfo;
  const udp = dgram.createSocket('udp4');
  try {
    udp.bind(port, '127.0.0.1');
    await once(udp, 'listening');
    return { tcp, udp, port };
  } catch (error) {
    tcp.close();
    if (attempts === 1) throw error;
    return bindBoth(attempts - 1);
  }
}

function readQuestion(message: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = HEAD_BYTES;
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: message.readUInt16BE(at + 1), end: at + 5 };
}

function headOf(message: Buffer, code: number, records: number, isCut = false): Buffer {
  const flags = 0x8180 | code | (isCut ? 0x0200 : 0);
  return Buffer.concat([message.subarray(0, 2), uint16(flags), uint16(1), uint16(records), uint16(0), uint16(0)]);
}

function recordsOf({ addresses, ttl = 60, alias }: Records, type: number): Buffer[] {
  const name = alias === undefined ? SAME_NAME : encodedName(alias);
  const found = addresses.map((address) => recordOf(name, type, ttl, encodedAddress(address)));
  return alias === undefined ? found : [recordOf(SAME_NAME, ALIAS_TYPE, ttl, encodedName(alias)), ...found];
}

function recordOf(name: Buffer, type: number, ttl: number, data: Buffer): Buffer {
  const ttlBytes = Buffer.alloc(4);
  ttlBytes.writeUInt32BE(ttl);
  return Buffer.concat([name, uint16(type), uint16(1), ttlBytes, uint16(data.length), data]);
}

function encodedName(name: string): Buffer {
  const labels = name.split('.').map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`, 'latin1'));
  return Buffer.concat([...labels, Buffer.from([0])]);
}

function encodedAddress(address: string): Buffer {
  if (net.isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  const [before = '', after] = address.split('::');
  const groups = (text: string): number[] =>
    text
      .split(':')
      .filter(Boolean)
      .map((group) => Number.parseInt(group, 16));
  const [first, last] = [groups(before), groups(after ?? '')];
  const all = [...first, ...Array<number>(8 - first.length - last.length).fill(0), ...last];
  return Buffer.concat(all.map(uint16));
}

function uint16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}
