/**
 * The settings of the dashboard's looks: which environment it stands for, so that nobody takes one
 * for the other. Part of the schema in `schema.ts`.
 */
import { didYouMean } from './closest.ts';
import { mismatch, quoted, quoteHint, type Reading, read, refuse } from './reading.ts';
import { orNull, section, setting } from './settings.ts';

/** Each has a pair of tones in `dashboard/src/styles/environment.css`, for the light page and the dark one. */
const COLORS = ['grey', 'blue', 'green', 'yellow', 'orange', 'red', 'purple'] as const;
export type EnvironmentColor = (typeof COLORS)[number];

const MAX_LENGTH = 24;

export const UiSchema = section('How the dashboard shows which balancer it belongs to.', {
  environment: setting(
    {
      kind: 'text',
      bounds: `1 to ${MAX_LENGTH} printable characters`,
      json: { type: ['string', 'null'], minLength: 1, maxLength: MAX_LENGTH },
      read: orNull(readEnvironment),
    },
    {
      summary: 'A word such as `prod`, shown as a badge beside the name and in the title of the page.',
      default: null,
      reason: 'No badge.',
    },
  ),
  color: setting(
    { kind: 'choice', bounds: COLORS.join(', '), json: { enum: [...COLORS] }, read: readColor },
    {
      summary: 'The colour of the badge, and of the edge of the page, where there is an environment.',
      default: 'grey',
      reason: 'A colour should mean something: red for what nobody may touch by mistake.',
    },
  ),
});

function readEnvironment(value: unknown): Reading<string> {
  if (typeof value !== 'string') return mismatch('a word such as prod', value, quoteHint(value));
  const text = value.trim();
  if (text !== '' && text.length <= MAX_LENGTH && /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]+$/u.test(text)) return read(text);
  return refuse('value-out-of-range', `${quoted(value)}: an environment has 1 to ${MAX_LENGTH} printable characters`);
}

function readColor(value: unknown): Reading<EnvironmentColor> {
  const color = COLORS.find((each) => each === value);
  if (color !== undefined) return read(color);
  return mismatch(`one of ${COLORS.join(', ')}`, value, typeof value === 'string' ? didYouMean(value, COLORS) : null);
}
