// Pictures that programs bring along: drawn once they are there, so that nothing flickers and what
// can't be shown never shows.

/** Most addresses that are remembered. */
const MAX_KNOWN = 1024;

/** By address, whether the picture can be shown; resolved once that is known. */
const known = new Map<string, Promise<boolean>>();
const loaded = new Set<string>();

/** Whether the picture at `url` can be drawn at once; if not yet, `later` is called when it can. */
export function isLoaded(url: string, later: () => void): boolean {
  if (loaded.has(url)) return true;
  let loading = known.get(url);
  if (!loading) {
    if (known.size >= MAX_KNOWN) forget();
    loading = load(url);
    known.set(url, loading);
  }
  void loading.then((shows) => {
    if (shows) later();
  });
  return false;
}

function forget(): void {
  known.clear();
  loaded.clear();
}

async function load(url: string): Promise<boolean> {
  const image = new Image();
  image.src = url;
  try {
    await image.decode();
  } catch {
    return false;
  }
  loaded.add(url);
  return true;
}
