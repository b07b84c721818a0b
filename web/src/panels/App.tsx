import { useEffect } from 'preact/hooks';
import { scene } from '../scene/live';
import { selected } from '../scene/selection';
import { askOpen, pane } from '../scene/settings';
import { words } from '../words';
import { Announcer } from './Announcer';
import { Banner } from './Banner';
import { Details } from './Details';
import { Empty } from './Empty';
import { Help } from './Help';
import { followKeys } from './keys';
import { lazily } from './Lazy';
import { LegendPanel } from './Legend';
import { MapView } from './MapView';
import { QuestionBar } from './Questions';
import { StatusStrip } from './Status';
import { Toolbar } from './Toolbar';

const AskPanel = lazily(() => import('./Ask'));
const TableView = lazily(() => import('./Table'));

/** Puts the focus where the keys walk through what is shown. */
function focusMap(): void {
  const target = document.querySelector<HTMLElement | SVGElement>(
    pane.value === 'table' ? '[role="grid"]' : '.map [tabindex="0"]',
  );
  target?.focus();
}

export function App() {
  useEffect(followKeys, []);
  const host = scene.host.value;
  useEffect(() => {
    document.title = host ? words.title(host.name) : words.product;
  }, [host]);
  const shown = pane.value;
  const stage = [
    'stage',
    `show-${shown}`,
    selected.value ? 'with-details' : '',
    askOpen.value ? 'with-ask' : '',
  ];
  return (
    <div class="page">
      <button type="button" class="skip" onClick={focusMap}>
        {words.skip.map}
      </button>
      <Toolbar />
      <QuestionBar />
      <div class={stage.filter(Boolean).join(' ')}>
        {askOpen.value && <AskPanel />}
        <main class="main">
          <div class="map-pane" hidden={shown === 'table'}>
            <MapView hidden={shown === 'table'} />
            {shown !== 'table' && <LegendPanel />}
          </div>
          {shown !== 'map' && <TableView />}
          <Empty />
          <Banner />
        </main>
        <Details />
      </div>
      <StatusStrip />
      <Help />
      <Announcer />
    </div>
  );
}
