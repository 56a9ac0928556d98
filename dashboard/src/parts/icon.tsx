/**
 * Icons of the Lucide set (ISC), inlined at build time: only those named here are in the bundle.
 * Always decoration: the words stand beside it or in the button's label.
 */
import arrowLeft from 'lucide-static/icons/arrow-left.svg?raw';
import arrowRight from 'lucide-static/icons/arrow-right.svg?raw';
import chart from 'lucide-static/icons/chart-line.svg?raw';
import check from 'lucide-static/icons/check.svg?raw';
import chevronDown from 'lucide-static/icons/chevron-down.svg?raw';
import circleHelp from 'lucide-static/icons/circle-question-mark.svg?raw';
import clock from 'lucide-static/icons/clock.svg?raw';
import columns from 'lucide-static/icons/columns-3.svg?raw';
import copy from 'lucide-static/icons/copy.svg?raw';
import download from 'lucide-static/icons/download.svg?raw';
import hourglass from 'lucide-static/icons/hourglass.svg?raw';
import minus from 'lucide-static/icons/minus.svg?raw';
import monitor from 'lucide-static/icons/monitor.svg?raw';
import moon from 'lucide-static/icons/moon.svg?raw';
import pause from 'lucide-static/icons/pause.svg?raw';
import pin from 'lucide-static/icons/pin.svg?raw';
import play from 'lucide-static/icons/play.svg?raw';
import plus from 'lucide-static/icons/plus.svg?raw';
import search from 'lucide-static/icons/search.svg?raw';
import sun from 'lucide-static/icons/sun.svg?raw';
import table from 'lucide-static/icons/table-2.svg?raw';
import trash from 'lucide-static/icons/trash-2.svg?raw';
import triangleAlert from 'lucide-static/icons/triangle-alert.svg?raw';
import unplug from 'lucide-static/icons/unplug.svg?raw';
import wrench from 'lucide-static/icons/wrench.svg?raw';
import x from 'lucide-static/icons/x.svg?raw';

const RAW = {
  'arrow-left': arrowLeft,
  'arrow-right': arrowRight,
  chart,
  clock,
  check,
  'chevron-down': chevronDown,
  columns,
  copy,
  download,
  help: circleHelp,
  drain: hourglass,
  maintenance: wrench,
  minus,
  monitor,
  moon,
  pause,
  ready: play,
  pin,
  play,
  plus,
  search,
  sun,
  table,
  trash,
  alert: triangleAlert,
  unplug,
  close: x,
};

export type IconName = keyof typeof RAW;

/** Without the licence comment (it is in the bundle's notice) and the file's own classes. */
const markup = (raw: string): string => raw.replace(/<!--[\s\S]*?-->\s*/g, '').replace(/\sclass="[^"]*"/, '');

const MARKUP = Object.fromEntries(Object.entries(RAW).map(([name, raw]) => [name, markup(raw)])) as Readonly<
  Record<IconName, string>
>;

export function Icon({ name }: { readonly name: IconName }) {
  return <span class="icon" aria-hidden="true" dangerouslySetInnerHTML={{ __html: MARKUP[name] }} />;
}
