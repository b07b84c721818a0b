import { MapView } from './MapView';

export function App() {
  return (
    <div class="page">
      <header />
      <div class="stage">
        <main class="main">
          <MapView hidden={false} />
        </main>
      </div>
      <footer />
    </div>
  );
}
