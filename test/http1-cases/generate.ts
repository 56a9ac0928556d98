/** Generators of well-formed messages, together with what must be seen in them. */
import fc from 'fast-check';

const TOKEN_PATTERN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,20}$/;

export const token = fc.stringMatching(TOKEN_PATTERN);

/** A field value: no white space at its ends, any byte that is allowed inside. */
export const fieldValue = fc
  .array(
    fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min: 0x20, max: 0x7e }) },
      { weight: 1, arbitrary: fc.integer({ min: 0x80, max: 0xff }) },
      { weight: 1, arbitrary: fc.constant(9) },
    ),
    { maxLength: 40 },
  )
  .map((bytes) => String.fromCharCode(...bytes).replace(/^[ \t]+|[ \t]+$/g, ''));

const blank = fc.constantFrom('', ' ', '\t', ' \t ');

/** A line of some other field: the names that mean something are put in on purpose only. */
export const ordinaryLine = fc
  .tuple(token, blank, fieldValue, blank)
  .map(([name, before, value, after]) => `X-${name}:${before}${value}${after}\r\n`);

const NAMES = [
  ...['TE', 'Keep-Alive', 'Proxy-Connection', 'Trailer', 'HTTP2-Settings', 'Forwarded', 'X-Real-IP', 'Via', 'Cookie'],
  ...['X-Forwarded-For', 'x-forwarded-host', 'X-FORWARDED-PROTO', 'X-Forwarded-Port', 'X_Forwarded_For', 'x-real_ip'],
  ...[
    'Content_Length',
    'Transfer_Encoding',
    'Max-Forwards',
    'User-Agent',
    'Accept',
    'Hosts',
    'Content-Lengths',
    'T',
    'X',
  ],
] as const;

/** A line whose name a proxy knows, or nearly. */
const knownLine = fc
  .tuple(fc.constantFrom(...NAMES), blank, fieldValue)
  .map(([name, before, value]) => `${name}:${before}${value}\r\n`);

/** `Connection` with what clients mean by it and what attackers do. */
const connectionLine = fc
  .array(fc.oneof(fc.constantFrom('keep-alive', 'Close', 'upgrade', 'Host', 'Content-Length', ...NAMES), token), {
    minLength: 1,
    maxLength: 4,
  })
  .map((options) => `Connection: ${options.join(', ')}\r\n`);

export const host = fc.oneof(
  fc.constantFrom('a.example', 'A.Example:80', '[::1]', '[2001:db8::1]:8080', '127.0.0.1:1', 'a_b', '%41', 'a:'),
  fc.stringMatching(/^[a-z0-9-]{1,20}(\.[a-z0-9-]{1,10}){0,3}$/),
);

const originTarget = fc
  .array(
    fc.integer({ min: 0x21, max: 0x7e }).filter((byte) => byte !== 0x23),
    { maxLength: 40 },
  )
  .map((bytes) => `/${String.fromCharCode(...bytes)}`);

export const method = fc
  .oneof(fc.constantFrom('GET', 'POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'QUERY', 'get'), token)
  .filter((name) => name !== 'CONNECT' && name !== 'TRACE');

const body = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(13, 10, 0x30)), { maxLength: 60 })
  .map((bytes) => String.fromCharCode(...bytes));

const quoted = fc.stringMatching(/^(?:[ !#-[\]-~]|\\[!-~]){0,8}$/).map((text) => `"${text}"`);
const extension = fc
  .tuple(blank, blank, token, fc.option(fc.tuple(blank, blank, fc.oneof(token, quoted))))
  .map(([before, after, name, value]) => {
    // Our own parser wants nothing between a name and what is no value.
    return `${before};${after}${name}${value === null ? '' : `${value[0]}=${value[1]}${value[2]}`}`;
  });

const trailerLine = fc
  .tuple(fc.constantFrom('ETag', 'Digest', 'grpc-status', 'Host', 'Content-Length', 'X-T'), fieldValue)
  .map(([name, value]) => `${name}: ${value}\r\n`);

export interface ChunkedBody {
  readonly bytes: string;
  readonly data: string;
  readonly trailers: string;
}

const hexSize = fc.constantFrom<(size: number) => string>(
  (size) => size.toString(16),
  (size) => size.toString(16).toUpperCase(),
  (size) => size.toString(16).padStart(9, '0'),
);

/** A chunked body with extensions and trailers. */
export const chunkedBody: fc.Arbitrary<ChunkedBody> = fc
  .tuple(
    fc.array(
      fc.tuple(
        body.filter((data) => data !== ''),
        hexSize,
        fc.array(extension, { maxLength: 2 }),
      ),
      { maxLength: 5 },
    ),
    fc.array(extension, { maxLength: 2 }),
    fc.array(trailerLine, { maxLength: 3 }),
  )
  .map(([chunks, lastExtensions, trailers]) => ({
    bytes:
      chunks.map(([data, size, extensions]) => `${size(data.length)}${extensions.join('')}\r\n${data}\r\n`).join('') +
      `0${lastExtensions.join('')}\r\n${trailers.join('')}\r\n`,
    data: chunks.map(([data]) => data).join(''),
    trailers: trailers.join(''),
  }));

/** Field lines that say how long the body is, and the body. */
export interface Framed {
  readonly framing: 'none' | 'length' | 'chunked';
  readonly line: string;
  readonly bytes: string;
  readonly data: string;
  readonly trailers: string;
}

const chunkedLine = fc.constantFrom('Transfer-Encoding: chunked\r\n', 'transfer-encoding:\tChUnKeD \r\n');
export const framed: fc.Arbitrary<Framed> = fc.oneof(
  fc
    .constantFrom('', 'Content-Length: 0\r\n', 'content-length:00 \r\n')
    .map((line): Framed => ({ framing: 'none', line, bytes: '', data: '', trailers: '' })),
  fc
    .tuple(
      body.filter((data) => data !== ''),
      fc.constantFrom('', '0', '000'),
    )
    .map(([data, zeros]): Framed => {
      return { framing: 'length', line: `Content-Length: ${zeros}${data.length}\r\n`, bytes: data, data, trailers: '' };
    }),
  fc.tuple(chunkedBody, chunkedLine).map(([chunked, line]): Framed => ({ framing: 'chunked', line, ...chunked })),
);

export interface GeneratedRequest extends Framed {
  readonly method: string;
  readonly rawTarget: string;
  /** As it must go on. */
  readonly target: string;
  readonly host: string;
  /** Field lines but for Host and the framing. */
  readonly lines: readonly string[];
  readonly text: string;
}

const lines = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: ordinaryLine },
    { weight: 2, arbitrary: knownLine },
    { weight: 1, arbitrary: connectionLine },
  ),
  { maxLength: 10 },
);

/** A request that must be accepted. */
export const request: fc.Arbitrary<GeneratedRequest> = fc
  .record({
    method,
    host,
    origin: originTarget,
    isAbsolute: fc.boolean(),
    emptyLines: fc.nat(2),
    framed,
    lines,
    place: fc.nat(),
  })
  .map(({ method: name, host: authority, origin, isAbsolute, emptyLines, framed: own, lines: others, place }) => {
    const at = place % (others.length + 1);
    const rawTarget = isAbsolute ? `http://${authority}${origin}` : origin;
    const fields = [...others.slice(0, at), `Host: ${authority}\r\n`, own.line, ...others.slice(at)].join('');
    const text = `${'\r\n'.repeat(emptyLines)}${name} ${rawTarget} HTTP/1.1\r\n${fields}\r\n${own.bytes}`;
    return { ...own, method: name, rawTarget, target: origin, host: authority, lines: others, text };
  });

export interface GeneratedAnswer extends Framed {
  readonly status: number;
  readonly text: string;
}

/** An answer that must be accepted; one without a length has none because of its status. */
export const answer: fc.Arbitrary<GeneratedAnswer> = fc
  .record({ status: fc.integer({ min: 200, max: 599 }), reason: fieldValue, framed, lines })
  .map(({ status: any, reason, framed: own, lines: others }) => {
    const status = own.line === '' ? 204 : any === 204 || any === 304 ? 200 : any;
    const text = `HTTP/1.1 ${status} ${reason}\r\n${own.line}${others.join('')}\r\n${own.bytes}`;
    return { ...own, status, text };
  });

/** Cuts a text at any places. */
export const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });

export function cutAt(text: string, places: readonly number[]): string[] {
  const sorted = places.map((place) => Math.round(place * text.length)).sort((a, b) => a - b);
  return [0, ...sorted].map((start, index) => text.slice(start, sorted[index] ?? text.length));
}
