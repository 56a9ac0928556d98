/**
 * Node's HTTP client and server, for what every start loads.
 *
 * Not by `import`: that evaluates every export of `node:http`, also the ones that load Node's fetch
 * on first use, which takes 45 ms. Of the admin side only the app needs fetch: see `admin/late-app.ts`.
 */
export const http = process.getBuiltinModule('node:http');
