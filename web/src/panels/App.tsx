import { useEffect } from 'preact/hooks';
import { scene } from '../scene/live';
import { selected } from '../scene/selection';
import { words } from '../words';
import { Banner } from './Banner';
import { Details } from './Details';
import { Empty } from './Empty';
import { Help } from './Help';
import { followKeys } from './keys';
import { LegendPanel } from './Legend';
import { MapView } from './MapView';
import { StatusStrip } from './Status';
import { TableView } from './Table';
import { Toolbar } from './Toolbar';
import { tableOpen } from './ui';

export function App() {
  useEffect(followKeys, []);
  const host = scene.host.value;
  useEffect(() => {
    document.title = host ? words.title(host.name) : words.product;
  }, [host]);
  const table = tableOpen.value;
  return (
    <div class="page">
      <Toolbar />
      <div class={selected.value ? 'stage with-details' : 'stage'}>
        <main class="main">
          <MapView hidden={table} />
          {table ? <TableView /> : <LegendPanel />}
          <Empty />
          <Banner />
        </main>
        <Details />
      </div>
      <StatusStrip />
      <Help />
    </div>
  );
}
