/** Entry of the page: starts what runs beside the screens, then paints. */
import { render } from 'preact';
import { App } from './app.tsx';
import { startSession } from './live/session.ts';
import { startRouter } from './router.ts';
import { startEnvironment } from './shell/environment.tsx';
import { startKeyboard } from './shell/keyboard.ts';
import { startPageMark } from './shell/page-mark.ts';
import { startRecent } from './shell/recent.ts';
import { startTheme } from './shell/theme.ts';
import './styles/main.css';

const root = document.getElementById('app');
if (root === null) throw new Error('The page has no element with the id "app".');
startTheme();
startRouter();
startRecent();
startSession();
startEnvironment();
startPageMark();
startKeyboard();
render(<App />, root);
