/**
 * The register of topics: one line a topic. A new one is a function that makes its value from a
 * source, a line here, and its shape in `protocol/live.ts`.
 */
import type { Topic } from '../../../protocol/live.ts';
import { parseTopic, type TopicName } from '../topic-name.ts';
import { chartTopic } from './chart-topic.ts';
import { attentionTopic, backendTopic, poolsTopic, poolTopic } from './pool-topics.ts';
import { processTopic } from './process-topic.ts';
import { listenersTopic, routesTopic } from './route-topics.ts';
import { searchTopic } from './search-topic.ts';
import type { TopicSource } from './source.ts';
import { openTap, tapTopic } from './tap-topic.ts';
import { eventsTopic, statusTopic, systemTopic, totalsTopic, workersTopic } from './whole-topics.ts';

/** A topic as it is now; null where there is no such thing. */
export type TopicMaker = (source: TopicSource) => Topic | null;

const TOPICS: Readonly<Record<string, (source: TopicSource, name: TopicName) => Topic | null>> = {
  totals: totalsTopic,
  system: systemTopic,
  workers: workersTopic,
  process: processTopic,
  pools: poolsTopic,
  pool: poolTopic,
  backend: backendTopic,
  attention: attentionTopic,
  search: searchTopic,
  listeners: listenersTopic,
  routes: routesTopic,
  events: eventsTopic,
  chart: chartTopic,
  status: statusTopic,
  tap: tapTopic,
};

/** Begins what a topic needs while somebody looks at it; answers how to end that. */
export type TopicOpener = (source: TopicSource) => () => void;

/** Of the few topics that cost something beside being worked out. */
const OPENERS: Readonly<Record<string, (source: TopicSource, name: TopicName) => () => void>> = { tap: openTap };

const NOTHING: TopicMaker = () => null;

/** How a topic is made; one that nobody knows is never there. */
export function topicMaker(topic: string): TopicMaker {
  const name = parseTopic(topic);
  const make = name !== null && Object.hasOwn(TOPICS, name.kind) ? TOPICS[name.kind] : undefined;
  return name === null || make === undefined ? NOTHING : (source) => make(source, name);
}

/** Null for a topic that is there whether or not anybody looks at it. */
export function topicOpener(topic: string): TopicOpener | null {
  const name = parseTopic(topic);
  const open = name !== null && Object.hasOwn(OPENERS, name.kind) ? OPENERS[name.kind] : undefined;
  return name === null || open === undefined ? null : (source) => open(source, name);
}

/** Events are told as they happen; their topic never changes by itself. */
export function isEventTopic(topic: string): boolean {
  return topic === 'events' || topic.startsWith('events?');
}
