/** The process, its threads, and the support bundle that has everything of both. */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { acceptsGzip } from './assets.ts';
import type { AdminDeps } from './deps.ts';
import { type AdminApp, addPath } from './routes.ts';
import { supportBundle } from './support-bundle.ts';
import { processTopic } from './topics/process-topic.ts';
import type { TopicSource } from './topics/source.ts';

const gzipAsync = promisify(gzip);

export function addSystemRoutes(app: AdminApp, deps: AdminDeps, takeSource: () => TopicSource): void {
  const processFields = () => processTopic(takeSource()).fields;
  addPath(app, '/api/v1/process', { GET: (c) => c.json(processFields()) });
  addPath(app, '/api/v1/workers', {
    GET: (c) => c.json({ workers: deps.supervisor.workers(), controlPlane: deps.process.controlPlane() }),
  });
  addPath(app, '/api/v1/support-bundle', {
    GET: async (c) => {
      const { fileName, content } = supportBundle(deps, processFields(), Date.now());
      // For people as well: one value a line.
      const text = JSON.stringify(content, null, 1);
      const fields = {
        'content-type': 'application/json',
        'content-disposition': `attachment; filename="${fileName}"`,
        vary: 'accept-encoding',
      };
      if (!acceptsGzip(c.req.header('accept-encoding') ?? null)) return c.body(text, 200, fields);
      const packed = new Uint8Array(await gzipAsync(text, { level: 3 }));
      return c.body(packed, 200, { ...fields, 'content-encoding': 'gzip' });
    },
  });
}
