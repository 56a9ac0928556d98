/**
 * The built dashboard, held in memory: each file and, once it has been asked for, its gzip.
 *
 * Read once at start, so a request can never reach the file system, and what is not in the build
 * does not exist. The page itself holds no figures and no secrets; it may be read by everybody
 * who may reach the port, and asks for the token by itself.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { gzipSync } from 'node:zlib';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.txt': 'text/plain; charset=utf-8',
};

/** Below this a gzip saves less than its head costs. */
const MIN_GZIP_BYTES = 512;

interface Asset {
  readonly type: string;
  readonly etag: string;
  readonly cacheControl: string;
  readonly plain: Uint8Array<ArrayBuffer>;
  /** Null where it would not be smaller. */
  readonly gzip: () => Uint8Array<ArrayBuffer> | null;
}

/** By path, without the slash in front. */
export type Assets = ReadonlyMap<string, Asset>;

/** Reads all files below `dir`; null where there is no build. */
export function loadAssets(dir: string): Assets | null {
  const assets = new Map<string, Asset>();
  try {
    for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
      const type = TYPES[extname(entry.name)];
      if (!entry.isFile() || type === undefined) continue;
      const file = join(entry.parentPath, entry.name);
      const path = relative(dir, file).split(sep).join('/');
      assets.set(path, toAsset(path, type, new Uint8Array(readFileSync(file))));
    }
  } catch {
    return null;
  }
  return assets.has('index.html') ? assets : null;
}

function toAsset(path: string, type: string, plain: Uint8Array<ArrayBuffer>): Asset {
  let packed: Uint8Array<ArrayBuffer> | null | undefined;
  return {
    type,
    etag: `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`,
    // The build puts a hash of the content into the name of everything below assets/.
    cacheControl: path.startsWith('assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
    plain,
    gzip: () => (packed === undefined ? (packed = pack(plain)) : packed),
  };
}

function pack(plain: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | null {
  if (plain.length < MIN_GZIP_BYTES) return null;
  const gzip = new Uint8Array(gzipSync(plain, { level: 9 }));
  return gzip.length < plain.length ? gzip : null;
}

/** The answer for `path`, or null where the build has no such file. */
export function assetResponse(assets: Assets, path: string, headers: Headers): Response | null {
  const asset = assets.get(path === '' ? 'index.html' : path);
  if (asset === undefined) return null;
  const fields: Record<string, string> = {
    'content-type': asset.type,
    'cache-control': asset.cacheControl,
    etag: asset.etag,
    vary: 'accept-encoding',
  };
  if (hasMatch(headers.get('if-none-match'), asset.etag)) return new Response(null, { status: 304, headers: fields });
  const gzip = acceptsGzip(headers.get('accept-encoding')) ? asset.gzip() : null;
  if (gzip !== null) fields['content-encoding'] = 'gzip';
  const body = gzip ?? asset.plain;
  fields['content-length'] = String(body.length);
  return new Response(body, { headers: fields });
}

/** The page that stands in for a dashboard that was never built. */
export function missingBuildResponse(): Response {
  const text =
    'The dashboard has not been built. Build it with:\n\n    npm run build\n\n' +
    'Then load this page again. The admin API works without it.\n';
  return new Response(text, {
    status: 503,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
  });
}

export function acceptsGzip(field: string | null): boolean {
  for (const part of (field ?? '').toLowerCase().split(',')) {
    const [coding = '', ...parameters] = part.split(';').map((piece) => piece.trim());
    if (coding === 'gzip' || coding === 'x-gzip') return !parameters.some((piece) => /^q=0(\.0*)?$/.test(piece));
  }
  return false;
}

function hasMatch(field: string | null, etag: string): boolean {
  return field !== null && field.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag);
}
