/**
 * Every raw case of requests and answers in five segmentations, and every one of them through
 * backends that read less strictly than Ballast: they see the requests that the access log has.
 *
 * `node test/program/long/no-smuggling.ts`
 */
import { readRequestCases, readResponseCases } from '../../conformance/cases.ts';
import { SEGMENTATION_NAMES } from '../../harness/segmentations.ts';
import { runNode } from './run-node.ts';
import { report } from './verdict.ts';

const SUITES: readonly string[] = [
  'test/conformance/requests.test.ts',
  'test/conformance/responses.test.ts',
  'test/differential/lenient-backends.test.ts',
];

await report('no-smuggling', async (cleanup) => {
  const { exit, stdout } = await runNode(cleanup, ['--test', '--test-reporter=tap', ...SUITES]);
  const countOf = (word: string): string => new RegExp(`^# ${word} (\\d+)$`, 'm').exec(stdout)?.[1] ?? '?';
  const failed = stdout.split('\n').filter((line) => /^\s*not ok /.test(line));
  const cases = `${readRequestCases().length} requests and ${readResponseCases().length} answers`;
  return [
    {
      promise: 'D14',
      figures: `${cases} in ${SEGMENTATION_NAMES.length} segmentations, and through lenient backends: ${countOf('pass')} tests passed, ${countOf('fail')} failed`,
      faults: exit === 0 ? [] : [`exit ${exit}`, ...failed],
    },
  ];
});
