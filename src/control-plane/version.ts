/**
 * The version of this package, as its manifest says.
 */
import { readFileSync } from 'node:fs';

/** `0.1.0`, or `unknown` where the manifest does not say. */
export function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const isManifest = typeof manifest === 'object' && manifest !== null && 'version' in manifest;
  return isManifest && typeof manifest.version === 'string' ? manifest.version : 'unknown';
}
