/** What failure codes mean, read from the server once, when a screen first shows one. */
import { signal } from '@preact/signals';
import type { FailureText } from '../protocol.ts';
import { getFailures } from './api.ts';

/** By code; empty until they are there. */
export const failureTexts = signal<ReadonlyMap<string, FailureText>>(new Map());

let isAsked = false;

export function needFailureTexts(): void {
  if (isAsked) return;
  isAsked = true;
  void getFailures()
    .then((failures) => {
      failureTexts.value = new Map(failures.map((failure) => [failure.code, failure]));
    })
    // Codes are shown without their texts, and asked for again by the next one who needs them.
    .catch(() => {
      isAsked = false;
    });
}
