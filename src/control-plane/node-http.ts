/**
 * Node's HTTP server and client for the control plane, and the listener that joins them to Hono.
 *
 * Not by `import`: that evaluates every export of `node:http`, also the ones that load Node's fetch
 * on first use, which takes 45 ms and 15 MB and is used by nobody here. The package, too, is taken
 * in the form that does not import it.
 */
import { createRequire } from 'node:module';
import type * as NodeServer from '@hono/node-server';

export const http = process.getBuiltinModule('node:http');

const require = createRequire(import.meta.url);
export const { getRequestListener } = require('@hono/node-server') as typeof NodeServer;
