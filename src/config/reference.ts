/**
 * Writes the reference of the config out of its schema: Markdown for people, JSON Schema for
 * editors. Called by `scripts/` when the documentation is made; nothing at run time needs it.
 */
import { z } from 'zod';
import { meaningOf, PROBLEM_CODES, severityOf } from './codes.ts';
import { BackendMap } from './pool-schema.ts';
import { ConfigSchema } from './schema.ts';
import { type PlacedSection, sectionsOf } from './schema-walk.ts';
import { SECTIONS, SETTINGS, type Setting } from './settings.ts';

/** The whole reference in Markdown, ready for `docs/config-reference.md`. */
export function configReference(): string {
  return [
    '# Config reference',
    '',
    'Generated from `src/config/schema.ts`. The file is YAML; JSON is YAML too. Unknown keys are errors.',
    'Run `ballast check FILE` to see every error of a file at once.',
    '',
    '- **Durations** are written `250ms`, `2s`, `5m` or `1h`; a number without a unit is an error.',
    '- **Sizes** are plain bytes, or `64KiB`, `1MiB`, `1GiB`.',
    '- **Addresses** are `:8080` (every address of the machine), `127.0.0.1:8080` or `[::1]:8080`, in quotes.',
    '- **Variables** of the environment stand as `${NAME}` or `${NAME:-default}` in any value; the default counts',
    '  where the variable is not set or empty. A variable without a value and without a default is an error.',
    '  `$${` is a plain `${`.',
    '- **Anchors** (`&name`), aliases (`*name`) and merge keys (`<<: *name`) work as in YAML 1.1.',
    '',
    ...sectionsOf(ConfigSchema).flatMap(sectionLines),
    '## Codes',
    '',
    'What `ballast check` reports. A warning never keeps a config from being used.',
    '',
    '| code | | meaning |',
    '|---|---|---|',
    ...PROBLEM_CODES.map((code) => `| \`${code}\` | ${severityOf(code)} | ${cell(meaningOf(code))} |`),
    '',
  ].join('\n');
}

function sectionLines({ path, section, settings }: PlacedSection): string[] {
  return [
    path === '' ? '## The top of the file' : `## \`${path}\``,
    '',
    section.summary,
    '',
    ...(settings.length === 0
      ? []
      : [
          '| setting | kind | default | |',
          '|---|---|---|---|',
          ...settings.map((each) => row(each.path.slice(path === '' ? 0 : path.length + 1), each.setting)),
          '',
        ]),
  ];
}

function row(name: string, setting: Setting): string {
  const bounds = setting.bounds === null ? '' : ` (${setting.bounds})`;
  const fallback = name.endsWith('[]')
    ? 'none'
    : setting.default === undefined
      ? '**required**'
      : setting.default === null
        ? (setting.reason ?? 'none')
        : `\`${String(setting.default)}\``;
  const reason = setting.reason === null || setting.default === null ? '' : ` *${setting.reason}*`;
  return `| \`${name}\` | ${cell(`${setting.kind}${bounds}`)} | ${cell(fallback)} | ${cell(`${setting.summary}${reason}`)} |`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

/** The JSON Schema (draft 2020-12) of the file as it is written, for editors. */
export function configJsonSchema(): Readonly<Record<string, unknown>> {
  const schema = z.toJSONSchema(ConfigSchema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      const setting = SETTINGS.get(zodSchema);
      if (setting !== undefined) {
        Object.assign(jsonSchema, setting.json, { description: setting.summary });
        if (setting.default === undefined || setting.default === null) delete jsonSchema.default;
      }
      const section = SECTIONS.get(zodSchema);
      if (section !== undefined) jsonSchema.description = section.summary;
      if (zodSchema === BackendMap) {
        const { description, ...map } = { ...jsonSchema };
        for (const key of Object.keys(map)) Reflect.deleteProperty(jsonSchema, key);
        jsonSchema.anyOf = [SETTINGS.get(BackendMap.shape.url)?.json ?? {}, map];
        if (description !== undefined) jsonSchema.description = description;
      }
    },
  });
  return { ...schema, title: 'Ballast config' };
}
