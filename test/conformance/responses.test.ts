/** Everything that a backend can write: see `cases/README.md`. */
import { readResponseCases } from './cases.ts';
import { declareSuite } from './report.ts';
import { startResponseLane } from './response-lane.ts';

declareSuite({ name: 'responses', cases: readResponseCases(), lanes: 8, startLane: startResponseLane });
