/** What a page may say on the live channel. Anything else ends the connection. */
import { type ClientMessage, MAX_TOPICS } from '../../../protocol/live.ts';
import { MAX_TOPIC_LENGTH } from '../topic-name.ts';

/** Null where it is not understood. */
export function readClientMessage(text: string): ClientMessage | null {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof message !== 'object' || message === null || !('op' in message)) return null;
  if (message.op === 'resync') return { op: 'resync' };
  const topics = 'topics' in message ? readTopics(message.topics) : null;
  if (topics === null) return null;
  if (message.op === 'topics') return { op: 'topics', topics };
  if (message.op !== 'hello' || !('version' in message) || typeof message.version !== 'number') return null;
  return { op: 'hello', version: message.version, topics };
}

/** Each once; null where they are not a short list of short texts. */
function readTopics(list: unknown): readonly string[] | null {
  if (!Array.isArray(list) || list.length > MAX_TOPICS) return null;
  const isTopic = (topic: unknown): topic is string => typeof topic === 'string' && topic.length <= MAX_TOPIC_LENGTH;
  return list.every(isTopic) ? [...new Set(list)] : null;
}
