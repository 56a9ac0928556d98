/** What one would write by hand today: node:http in front, one undici `Pool` a backend behind it. */
import http from 'node:http';
import { Pool } from 'undici';
import { inRotation, proxyArguments } from './arguments.ts';

const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'proxy-connection', 'te', 'transfer-encoding', 'upgrade']);

function endToEnd(headers: http.IncomingHttpHeaders): Record<string, string | string[]> {
  const kept: Record<string, string | string[]> = {};
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined && !HOP_BY_HOP.has(name)) kept[name] = value;
  }
  return kept;
}

const { port, backends } = proxyArguments();
const nextPool = inRotation(backends.map((backend) => new Pool(backend, { connections: 512, pipelining: 1 })));

http
  .createServer((request, response) => {
    const hasBody = 'content-length' in request.headers || 'transfer-encoding' in request.headers;
    const headers = endToEnd(request.headers);
    headers['x-forwarded-for'] = request.socket.remoteAddress ?? 'unknown';
    headers['x-forwarded-proto'] = 'http';
    headers['x-forwarded-host'] = request.headers.host ?? '';
    headers.via = '1.1 undici';
    nextPool().stream(
      { path: request.url ?? '/', method: request.method ?? 'GET', headers, body: hasBody ? request : null },
      (answer) => {
        response.writeHead(answer.statusCode, endToEnd(answer.headers));
        return response;
      },
      (error) => {
        if (error === null) return;
        if (response.headersSent) response.destroy();
        else response.writeHead(502).end(String(error));
      },
    );
  })
  .listen(port, '127.0.0.1');
