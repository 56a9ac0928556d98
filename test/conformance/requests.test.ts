/** Everything that a client can write: see `cases/README.md`. */
import { readRequestCases } from './cases.ts';
import { declareSuite } from './report.ts';
import { startRequestLane } from './request-lane.ts';

declareSuite({ name: 'requests', cases: readRequestCases(), lanes: 8, startLane: startRequestLane });
