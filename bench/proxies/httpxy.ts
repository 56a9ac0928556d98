/** httpxy over a keep-alive agent. */
import http from 'node:http';
import { createProxyServer } from 'httpxy';
import { inRotation, proxyArguments } from './arguments.ts';

const { port, backends } = proxyArguments();
const agent = new http.Agent({ keepAlive: true, maxFreeSockets: 1024, scheduling: 'lifo' });
const proxy = createProxyServer({ agent, xfwd: true });
const nextBackend = inRotation(backends);

http
  .createServer((request, response) => {
    proxy.web(request, response, { target: nextBackend() }).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(502);
      response.end(String(error));
    });
  })
  .listen(port, '127.0.0.1');
