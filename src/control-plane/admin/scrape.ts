/** The answer to a scrape of the metrics. Loaded with the first one, by `probes.ts`. */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type MetricsSources, writeMetrics } from '../metrics/metrics.ts';
import { METRICS_CONTENT_TYPE } from '../metrics/metrics-text.ts';
import { acceptsGzip } from './assets.ts';
import type { ProbeAnswer } from './probes.ts';

const gzipAsync = promisify(gzip);

/** `accepted`: the field `Accept-Encoding`. */
export async function scrape(sources: MetricsSources, accepted: string | null): Promise<ProbeAnswer> {
  const text = writeMetrics(sources);
  const fields = { 'content-type': METRICS_CONTENT_TYPE, vary: 'accept-encoding' };
  if (!acceptsGzip(accepted)) return { status: 200, fields, body: text };
  return { status: 200, fields: { ...fields, 'content-encoding': 'gzip' }, body: await gzipAsync(text, { level: 1 }) };
}
