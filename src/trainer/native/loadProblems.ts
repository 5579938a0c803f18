/** What a loader's message means, and what to do then. Messages of glibc, dyld and Windows. */
export interface LoadProblem {
  readonly message: string;
  readonly fix?: string;
}

export function loadProblem(reason: string): LoadProblem {
  const known = meanings.map(({ pattern, say }) => ({ found: pattern.exec(reason), say })).find(({ found }) => found);
  return known?.found ? known.say(known.found, reason) : { message: reason };
}

interface Meaning {
  readonly pattern: RegExp;
  readonly say: (found: RegExpExecArray, reason: string) => LoadProblem;
}

const meanings: readonly Meaning[] = [
  {
    pattern: /version [`'](GLIBC|GLIBCXX|CXXABI)_([\d.]+)' not found/,
    say: ([, library, version]) => ({ message: `it needs ${library!} ${version!}, newer than this system's`, fix: 'use a newer system, or the built-in engine, which works here' }),
  },
  {
    pattern: /(\S+?): cannot open shared object file|Library not loaded: (\S+)/,
    say: ([, file, library]) => ({ message: `${file ?? library!} is not there` }),
  },
  {
    pattern: /undefined symbol: (TFE?_\w+)|Symbol not found: _?(TFE?_\w+)/,
    say: ([, one, other]) => ({ message: `the library lacks ${one ?? other!}: it is of another version than our binding` }),
  },
  {
    pattern: /undefined symbol: (napi_\w+)/,
    say: ([, symbol]) => ({ message: `this Node lacks ${symbol!}`, fix: 'use Node 20 or later (setting thaw.node.path)' }),
  },
  {
    pattern: /invalid ELF header|wrong ELF class|file too short|not a valid Win32 application|not a mach-o file/i,
    say: (_, reason) => ({ message: `a file of it is damaged (${reason})` }),
  },
];
