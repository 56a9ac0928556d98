/** Topic `process`: what this process is, holds and may hold. */
import type { Topic } from '../../../protocol/live.ts';
import type { ProcessFields } from '../../../protocol/process.ts';
import type { TopicSource } from './source.ts';

export function processTopic(source: TopicSource): Topic<ProcessFields> {
  return { fields: { ...source.process(), instance: source.instance } };
}
