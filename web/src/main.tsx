import './styles/tokens.css';
import './styles/layout.css';
import './styles/map.css';
import './styles/shared.css';
import './styles/toolbar.css';
import './styles/ask.css';
import './styles/details.css';
import './styles/table.css';
import './styles/overlays.css';
import './styles/narrow.css';
import { render } from 'preact';
import { App } from './panels/App';
import { followAddress } from './scene/history';
import { startLive } from './scene/live';
import { followSettings } from './scene/settings';
import { fetchVendorManifest } from './wire/api';

/** Says on the console which library files are in use. */
async function logLibraries(): Promise<void> {
  try {
    const { libraries } = await fetchVendorManifest();
    for (const { name, version, file } of libraries) {
      console.info(`procnet: using LOCAL: /vendor/${file} (${name} ${version})`);
    }
  } catch (error) {
    console.warn('procnet: /vendor/manifest.json could not be read', error);
  }
}

followSettings();
followAddress();
const root = document.getElementById('app');
if (root) render(<App />, root);
startLive();
void logLibraries();
