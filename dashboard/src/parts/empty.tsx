/** What to do next, where there is nothing to see yet: with the exact lines to type. */
import type { SystemFields } from '../protocol.ts';

const FIRST_POOL = `pools:
  web:
    backends: [http://127.0.0.1:8081, http://127.0.0.1:8082]
routes:
  - { pool: web }`;

export function NoPools() {
  return (
    <div class="empty">
      <p>
        No pool is configured: every request is answered 404. A pool is a name and its backends, in the config file:
      </p>
      <pre>{FIRST_POOL}</pre>
      <p>
        Then reload with <code>kill -HUP</code>; nothing is dropped.
      </p>
    </div>
  );
}

/**
 * The address at which a listener can be reached from where this page was read: a listener on all
 * addresses answers under the name in the address bar. Pure.
 */
export function curlTarget(address: string, pageHost: string): string {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '');
  const port = address.slice(colon + 1);
  const isAny = host === '' || host === '::' || host === '0.0.0.0' || host === '*';
  const name = isAny ? pageHost : host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${port}/`;
}

export function NoTraffic({ listeners }: { readonly listeners: SystemFields['listeners'] }) {
  const first = listeners[0];
  return (
    <div class="empty" data-testid="no-traffic">
      <p>No request has come yet. Send the first one:</p>
      <pre>
        curl -i {first === undefined ? 'http://LISTENER-ADDRESS/' : curlTarget(first.address, location.hostname)}
      </pre>
    </div>
  );
}
