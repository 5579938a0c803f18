import { Refused } from '../../protocol/diagnostic.ts';
import { HttpProblem, isAllowed, shown } from '../download/http.ts';
import { failed } from './installProblems.ts';
import { nameOf, packName, type Package } from './pins.ts';
import { remoteArchive, textAt, type Fetching } from './remoteArchive.ts';
import { holds, type Opened, type Source } from './source.ts';
import { readDirectory } from './zip.ts';

/** An index page with every release of a large project has about a megabyte. */
const mostIndexBytes = 16 << 20;
/** Beside the libraries, a pack holds a binding and licences. */
const spareBytes = 64 << 20;

/**
 * `--source`: an address that the user configured. One that ends like an archive is that archive; below any other lie
 * engine packs by name, a Python package index (PEP 503) or a Maven repository, whichever has the package.
 */
export function urlSource(configured: string, platform: string, fetching: Fetching): Source {
  const base = URL.canParse(configured) ? new URL(configured) : undefined;
  if (!base || !isAllowed(base)) {
    throw new Refused([{ code: 'out-of-range', severity: 'error', message: `${base ? shown(base) : configured} is no address to fetch an engine from`, fix: 'give an https:// address, of an engine pack or of a package index' }]);
  }
  const isArchive = /\.(zip|whl|jar)$/i.test(base.pathname), folder = isArchive ? base : below(base, '');
  const archives = new Map<string, Promise<Opened | undefined>>();

  const archiveAt = (address: URL, mostBytes: number): Promise<Opened | undefined> => {
    const known = archives.get(address.href);
    if (known) return known;
    const opening = unlessMissing(async () => {
      const archive = await remoteArchive(address, mostBytes, fetching);
      return { archive, directory: await readDirectory(archive), local: false, release: () => Promise.resolve() };
    });
    archives.set(address.href, opening);
    return opening;
  };

  const inIndex = ({ package: name, file }: Package): Promise<URL | undefined> => unlessMissing(async () => {
    const page = await textAt(below(folder, `${name.toLowerCase().replace(/[-_.]+/g, '-')}/`), mostIndexBytes, fetching);
    return linkTo(file, page.text, page.address, folder);
  });

  return {
    async open(wanted, build) {
      const mostBytes = spareBytes + build.packages.reduce((sum, { archiveBytes, members }) => sum + archiveBytes + members.reduce((all, { sizeBytes }) => all + sizeBytes, 0), 0);
      const places = isArchive ? [async () => base] : [
        async () => below(folder, packName(build, platform)),
        async () => wanted.client === 'pip' ? inIndex(wanted) : below(folder, mavenPath(wanted)),
      ];
      for (const place of places) {
        const address = await place(), found = address && await archiveAt(address, mostBytes);
        if (found && holds(found.directory, wanted)) return found;
      }
      return undefined;
    },
    fetchBytesOf: ({ members }) => members.reduce((sum, { packedBytes }) => sum + packedBytes, 0),
    lacks: (builds) => failed(`${shown(base)} has no engine for ${platform}`, `it needs one of: ${builds.flatMap((build) => [packName(build, platform), ...build.packages.slice(0, 1).map(nameOf)]).join('; ')}`),
    close: async () => {
      for (const opened of archives.values()) await (await opened.catch(() => undefined))?.archive.close();
    },
  };
}

/** Undefined for what is not there (404): the next place may have it. */
const unlessMissing = <T>(work: () => Promise<T>): Promise<T | undefined> => work().catch((error: unknown) => {
  if (error instanceof HttpProblem && error.status === 404) return undefined;
  throw error;
});

function below(base: URL, path: string): URL {
  const address = new URL(base);
  address.pathname = `${base.pathname.replace(/\/*$/, '/')}${path}`;
  return address;
}

function mavenPath({ package: name, version, file }: Package): string {
  const [group, artifact] = name.split(':') as [string, string];
  return `${group.replaceAll('.', '/')}/${artifact}/${version}/${file}`;
}

/** The link to `file` on an index page (PEP 503: its text is the file's name). It may lead elsewhere; credentials are for the index alone. */
function linkTo(file: string, page: string, at: URL, index: URL): URL | undefined {
  for (const [, , href = '', text = ''] of page.matchAll(/<a\s[^>]*?href\s*=\s*(["'])(.*?)\1[^>]*>\s*([^<]*?)\s*<\/a>/gis)) {
    if (text !== file || !URL.canParse(unescaped(href), at.href)) continue;
    const address = new URL(unescaped(href), at);
    if (!isAllowed(address) || address.protocol !== at.protocol) throw new HttpProblem(`${shown(at)} points to ${address.protocol}//${address.host}, which is refused`);
    if (address.origin === index.origin) Object.assign(address, { username: index.username, password: index.password });
    address.hash = '';
    return address;
  }
  return undefined;
}

const unescaped = (text: string): string => text.replace(/&(amp|quot|#39|#x27|lt|gt);/g, (_, name: string) => ({ 'amp': '&', 'quot': '"', '#39': "'", '#x27': "'", 'lt': '<', 'gt': '>' })[name] ?? '');
