/** The Cache API as a store, for browsers without a file system of their own. Entries are answers to made-up addresses. */
import type { BlobStore } from './blobStore';

const CACHE = 'prelude-models';
/** Reserved for examples (RFC 2606), so nothing is ever asked there. */
const BASE = 'https://prelude.invalid/';

export async function cacheApiStore(): Promise<BlobStore> {
  // Opened every time: a cache that was deleted meanwhile (the browser's settings) is made anew.
  const open = () => caches.open(CACHE);
  await open();
  const address = (folder: string, name: string) => `${BASE}${folder}/${name}`;
  const below = async (folder: string): Promise<string[][]> => {
    const prefix = `${BASE}${folder}/`;
    const requests = await (await open()).keys();
    return requests.flatMap(({ url }) => (url.startsWith(prefix) ? [url.slice(prefix.length).split('/')] : []));
  };
  return {
    kind: 'cache-api',
    async read(folder, name) {
      const response = await (await open()).match(address(folder, name));
      return response ? new Uint8Array(await response.arrayBuffer()) : null;
    },
    async write(folder, name, bytes) {
      await (await open()).put(address(folder, name), new Response(bytes));
    },
    async names(folder) {
      return (await below(folder)).flatMap(([name, ...deeper]) => (name && deeper.length === 0 ? [name] : []));
    },
    async folders(within) {
      return [
        ...new Set((await below(within)).flatMap(([name, ...deeper]) => (name && deeper.length > 0 ? [name] : []))),
      ];
    },
    async remove(folder, name) {
      await (await open()).delete(address(folder, name));
    },
    async removeFolder(folder) {
      const cache = await open();
      for (const parts of await below(folder)) await cache.delete(`${BASE}${folder}/${parts.join('/')}`);
    },
  };
}
