/** Entry of the page. */
import { render } from 'preact';

const root = document.getElementById('app');
if (root !== null) render(<h1>Ballast</h1>, root);
