/** http-proxy-3 over a keep-alive agent: the successor of http-proxy, as its README sets it up. */
import http from 'node:http';
import { createProxyServer } from 'http-proxy-3';
import { inRotation, proxyArguments } from './arguments.ts';

const { port, backends } = proxyArguments();
const agent = new http.Agent({ keepAlive: true, maxFreeSockets: 1024, scheduling: 'lifo' });
const proxy = createProxyServer({ agent, xfwd: true });
const nextBackend = inRotation(backends);

proxy.on('error', (error, _request, response) => {
  if (!('writeHead' in response)) return void response.destroy();
  if (!response.headersSent) response.writeHead(502);
  response.end(String(error));
});
http
  .createServer((request, response) => proxy.web(request, response, { target: nextBackend() }))
  .listen(port, '127.0.0.1');
