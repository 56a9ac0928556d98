/** Follows a topic for as long as a component is on the screen. */
import { useEffect, useRef } from 'preact/hooks';
import type { NamedRow, Topic } from '../protocol.ts';
import { topicOf } from '../store.ts';
import { subjectOf, type TopicKey } from '../topics.ts';
import { shown } from './session.ts';
import { want } from './wants.ts';

/**
 * The topic as it is shown: undefined until the server has told it, null where there is no such
 * thing. When another window of the same table is asked for, the old one stays until the new one
 * is there, so that a filter does not make the table blink.
 */
export function useTopic<Fields extends object, Row extends NamedRow>(
  key: TopicKey<Fields, Row>,
): Topic<Fields, Row> | null | undefined {
  const last = useRef<{ subject: string; value: Topic<Fields, Row> | null } | null>(null);
  useEffect(() => want(key), [key]);
  const value = topicOf(shown.value, key);
  const subject = subjectOf(key);
  if (value !== undefined) {
    last.current = { subject, value };
    return value;
  }
  return last.current?.subject === subject ? last.current.value : undefined;
}
