/** One exchange as one line of the access log: pure. */

export interface LogEntry {
  /** When the request's head was complete, milliseconds since the epoch. */
  readonly atMs: number;
  /** Who asked: the socket's address, or what a trusted proxy says it is. */
  readonly client: string;
  /** As it came, one character a byte; empty where the request line was not understood. */
  readonly method: string;
  readonly target: string;
  readonly host: string;
  readonly minorVersion: number;
  /** Sent to the client; 0 where none was. */
  readonly status: number;
  /** Failure code; empty where nothing failed. */
  readonly code: string;
  /** Body bytes from and to the client. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly durationMs: number;
  readonly pool: string;
  /** The backend of the last attempt. */
  readonly backend: string;
  readonly attempts: number;
  readonly referer: string;
  readonly userAgent: string;
  /** `X-Request-Id` of the client, where there is one. */
  readonly requestId: string;
}

/** Microseconds are as fine as anybody reads. */
const rounded = (milliseconds: number): number => Math.round(milliseconds * 1000) / 1000;

/** A JSON object, ended by a line feed. Bytes outside ASCII are read as latin1. */
export function jsonLine(entry: LogEntry): string {
  const { atMs, durationMs, minorVersion, ...rest } = entry;
  const line = {
    time: new Date(atMs).toISOString(),
    ...rest,
    version: `1.${minorVersion}`,
    durationMs: rounded(durationMs),
  };
  return `${JSON.stringify(line)}\n`;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const twoDigits = (value: number): string => `${value}`.padStart(2, '0');

/** The combined format of Apache httpd, with the failure code behind it; times are in UTC. */
export function combinedLine(entry: LogEntry): string {
  const at = new Date(entry.atMs);
  const day = `${twoDigits(at.getUTCDate())}/${MONTHS[at.getUTCMonth()]}/${at.getUTCFullYear()}`;
  const time = `${twoDigits(at.getUTCHours())}:${twoDigits(at.getUTCMinutes())}:${twoDigits(at.getUTCSeconds())}`;
  const requestLine = entry.method === '' ? '-' : `${entry.method} ${entry.target} HTTP/1.${entry.minorVersion}`;
  const status = entry.status === 0 ? '-' : entry.status;
  return (
    `${entry.client} - - [${day}:${time} +0000] "${escaped(requestLine)}" ${status} ${entry.bytesOut} ` +
    `"${escaped(entry.referer) || '-'}" "${escaped(entry.userAgent) || '-'}" ${entry.code || '-'}\n`
  );
}

/** Quotes, backslashes, controls and bytes outside ASCII as `\xHH`: no input ends a line or a text. */
function escaped(text: string): string {
  return text.replace(
    /["\\]|[^\x20-\x7e]/g,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}
