/** The console: the program of its page. */
import { render } from 'preact';

import { App } from './app.js';
import { followKeys } from './parts/keys.js';
import { followEvents } from './state/live.js';
import { followAddress } from './state/route.js';
import { start } from './state/session.js';
import { followTheme } from './state/theme.js';

followTheme();
followAddress();
followKeys();
followEvents();
const root = document.getElementById('app');
if (root !== null) render(<App />, root);
void start();
