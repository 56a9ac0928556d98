/** The machine in a line: what figures depend on, without a date. */
import { machineCard } from '../../bench/machine.ts';

export function machineLine(): string {
  const { cpu, cores, memoryGib, kernel, node } = machineCard('', '');
  return `${cpu}, ${cores} cores, ${memoryGib} GiB; ${kernel}; Node ${node}`;
}
