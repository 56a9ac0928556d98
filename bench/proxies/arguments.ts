/** What every peer written for Node is started with: its own port, then the address of each backend. */

export interface ProxyArguments {
  readonly port: number;
  /** `http://HOST:PORT` of each backend. */
  readonly backends: readonly string[];
}

export function proxyArguments(): ProxyArguments {
  const [port, ...backends] = process.argv.slice(2);
  if (port === undefined || backends.length === 0) throw new Error('usage: PROXY PORT HOST:PORT [HOST:PORT …]');
  return { port: Number(port), backends: backends.map((backend) => `http://${backend}`) };
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
