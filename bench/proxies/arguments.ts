/** What every peer written for Node is started with: its own port, then one port a backend. */

export interface ProxyArguments {
  readonly port: number;
  /** `http://127.0.0.1:PORT` of each backend. */
  readonly backends: readonly string[];
}

export function proxyArguments(): ProxyArguments {
  const [port, ...backends] = process.argv.slice(2);
  if (port === undefined || backends.length === 0) throw new Error('usage: PROXY PORT BACKEND_PORT [BACKEND_PORT …]');
  return { port: Number(port), backends: backends.map((backend) => `http://127.0.0.1:${backend}`) };
}

/** Answers the items one after another, round and round. */
export function inRotation<Item>(items: readonly Item[]): () => Item {
  let turn = 0;
  return () => {
    const item = items[turn++ % items.length];
    if (item === undefined) throw new Error('nothing to rotate');
    return item;
  };
}
