// Where the peers of Node keep what they store: a Map, the cheapest there is, with their own interfaces in front.

const now = () => Date.now();

// oidc-provider's adapter (its docs/README.md, "adapter").
export class MapAdapter {
  static items = new Map();

  constructor(model) {
    this.model = model;
  }

  key(id) {
    return `${this.model}:${id}`;
  }

  async upsert(id, payload, expiresIn) {
    MapAdapter.items.set(this.key(id), { payload, until: now() + expiresIn * 1000 });
    if (payload.uid) MapAdapter.items.set(`uid:${payload.uid}`, id);
  }

  async find(id) {
    const item = MapAdapter.items.get(this.key(id));
    return item && item.until > now() ? item.payload : undefined;
  }

  async findByUid(uid) {
    return this.find(MapAdapter.items.get(`uid:${uid}`));
  }

  async findByUserCode() {
    return undefined;
  }

  async consume(id) {
    MapAdapter.items.get(this.key(id)).payload.consumed = Math.floor(now() / 1000);
  }

  async destroy(id) {
    MapAdapter.items.delete(this.key(id));
  }

  async revokeByGrantId(grantId) {
    for (const [key, { payload }] of MapAdapter.items) {
      if (payload?.grantId === grantId) MapAdapter.items.delete(key);
    }
  }
}

// openauth's StorageAdapter; its own MemoryStorage moves an array at every write.
export function mapStorage() {
  const items = new Map();
  const live = (item) => item && !(item.until && now() >= item.until);
  return {
    async get(key) {
      const item = items.get(key.join("\u001f"));
      return live(item) ? item.value : undefined;
    },
    async set(key, value, expiry) {
      items.set(key.join("\u001f"), { value, until: expiry?.getTime() });
    },
    async remove(key) {
      items.delete(key.join("\u001f"));
    },
    async *scan(prefix) {
      const start = prefix.join("\u001f") + "\u001f";
      for (const [key, item] of items) if (key.startsWith(start) && live(item)) yield [key.split("\u001f"), item.value];
    },
  };
}
