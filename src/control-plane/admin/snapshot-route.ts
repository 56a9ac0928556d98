/**
 * `GET /api/v1/snapshot?topic=…&topic=…`: what the live channel would begin with, for pages behind
 * something that lets no WebSocket through. They ask every five seconds.
 */
import type { IncomingMessage } from 'node:http';
import { LIVE_VERSION, MAX_TOPICS, type SnapshotMessage } from '../../protocol/live.ts';
import { queryProblem } from './query.ts';
import { type AdminApp, addPath } from './routes.ts';
import { MAX_TOPIC_LENGTH } from './topic-name.ts';
import type { TopicSource } from './topics/source.ts';
import { topicMaker } from './topics/topics.ts';

/** Called before an answer; it may refuse by throwing a problem. */
export type OnAsked = (request: IncomingMessage, topics: readonly string[], source: TopicSource) => void;

export function addSnapshotRoute(app: AdminApp, takeSource: () => TopicSource, onAsked: OnAsked = () => {}): void {
  addPath(app, '/api/v1/snapshot', {
    GET: (c) => {
      const topics = [...new Set(c.req.queries('topic') ?? [])];
      if (topics.length > MAX_TOPICS || topics.some((topic) => topic.length > MAX_TOPIC_LENGTH)) {
        throw queryProblem(`topics are at most ${MAX_TOPICS}, each of at most ${MAX_TOPIC_LENGTH} characters`);
      }
      const source = takeSource();
      onAsked(c.env.incoming, topics, source);
      return c.json(snapshotOf(source, topics));
    },
  });
}

/** Its number is 0: nothing follows it. */
function snapshotOf(source: TopicSource, topics: readonly string[]): SnapshotMessage {
  return {
    type: 'snapshot',
    version: LIVE_VERSION,
    instance: source.instance,
    seq: 0,
    isWhole: true,
    atMs: Date.now(),
    second: Number.isFinite(source.second) ? source.second : 0,
    topics: Object.fromEntries(topics.map((topic) => [topic, topicMaker(topic)(source)])),
  };
}
