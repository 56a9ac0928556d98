/** fast-proxy with its undici client, the fastest of its three; one instance a backend. */
import http from 'node:http';
import fastProxy from 'fast-proxy';
import { inRotation, proxyArguments } from './arguments.ts';

const { port, backends } = proxyArguments();
const proxies = backends.map((base) => fastProxy({ base, undici: { connections: 512, pipelining: 1 } }));
const nextProxy = inRotation(proxies);

http
  .createServer((request, response) => {
    nextProxy().proxy(request, response, request.url ?? '/', {});
  })
  .listen(port, '127.0.0.1');
