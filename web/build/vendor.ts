// Third-party libraries stay apart from our own code, each in a versioned file of its own, and a
// manifest names version, file, checksum and licence of each, so that a person can audit what the
// page runs.

import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Plugin } from 'vite';

interface Library {
  /** The chunk's name, and the first part of its file name. */
  chunk: string;
  /** The packages in it, the one that gives the version first. */
  packages: string[];
}

const LIBRARIES: Library[] = [
  { chunk: 'preact', packages: ['preact'] },
  { chunk: 'preact-signals', packages: ['@preact/signals', '@preact/signals-core'] },
  { chunk: 'virtual-core', packages: ['@tanstack/virtual-core'] },
  { chunk: 'd3-force', packages: ['d3-force', 'd3-quadtree', 'd3-timer', 'd3-dispatch'] },
  { chunk: 'lucide-static', packages: ['lucide-static'] },
  { chunk: 'simple-icons', packages: ['simple-icons'] },
  { chunk: 'inter', packages: ['@fontsource-variable/inter'] },
];

interface PackageFacts {
  version: string;
  licence: string;
}

function packageFacts(name: string): PackageFacts {
  const text = readFileSync(join('node_modules', name, 'package.json'), 'utf8');
  const parsed = JSON.parse(text) as { version: string; license?: string };
  return { version: parsed.version, licence: parsed.license ?? 'see licence file' };
}

function licenceTextOf(name: string): string {
  const directory = join('node_modules', name);
  const file = readdirSync(directory).find((entry) => /^LICEN[CS]E(\.md|\.txt)?$/i.test(entry));
  if (!file) throw new Error(`${name} comes without its licence's text`);
  return readFileSync(join(directory, file), 'utf8');
}

/** The vendor chunk that module `id` belongs to, if it is a library's. */
export function vendorLibraryOf(id: string): string | undefined {
  const path = id.split('\\').join('/');
  return LIBRARIES.find((library) =>
    library.packages.some((name) => path.includes(`/node_modules/${name}/`)),
  )?.chunk;
}

/** The output file of vendor chunk `chunk`, or undefined if it is none. */
export function vendorFileName(chunk: string, extension = '.js'): string | undefined {
  const library = LIBRARIES.find((candidate) => candidate.chunk === chunk);
  const main = library?.packages[0];
  return main ? `vendor/${chunk}-${packageFacts(main).version}.[hash]${extension}` : undefined;
}

/** Writes `vendor/manifest.json` and the licence texts beside the libraries. */
export function vendorManifest(): Plugin {
  return {
    name: 'procnet-vendor-manifest',
    apply: 'build',
    writeBundle(options) {
      const directory = join(options.dir ?? 'dist', 'vendor');
      mkdirSync(directory, { recursive: true });
      const files = readdirSync(directory);
      const libraries = LIBRARIES.flatMap((library) =>
        library.packages.flatMap((name) => {
          const { version, licence } = packageFacts(name);
          const prefix = `${library.chunk}-${packageFacts(library.packages[0] ?? name).version}.`;
          const file = files.find((candidate) => candidate.startsWith(prefix));
          // A library that nothing imports any more has no file and no entry.
          if (!file) return [];
          const licenceFile = `LICENSE.${name.replace('@', '').replace('/', '-')}.txt`;
          const licenceText = licenceTextOf(name);
          writeFileSync(join(directory, licenceFile), licenceText);
          const sha256 = createHash('sha256')
            .update(readFileSync(join(directory, basename(file))))
            .digest('hex');
          return [{ name, version, file, sha256, licence, licence_file: licenceFile }];
        }),
      );
      writeFileSync(
        join(directory, 'manifest.json'),
        `${JSON.stringify({ libraries }, null, 2)}\n`,
      );
    },
  };
}
