/**
 * Node's HTTP client and server, for what is loaded before the workers start.
 *
 * Not by `import`: that evaluates every export of `node:http`, also the ones that load Node's fetch
 * on first use, which takes 45 ms. The admin side needs fetch, but is loaded while they start.
 */
export const http = process.getBuiltinModule('node:http');
