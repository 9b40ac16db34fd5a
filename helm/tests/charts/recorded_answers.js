// A double of mongosh for the job that makes MongoDB's users. It answers as a real
// server did: FerretDB 2.7.0 with DocumentDB 0.107, or MongoDB 7.0, asked by mongosh
// 2.12.0. Arguments: the engine, the clients, and the users who are there already.
const fs = require("fs");
const vm = require("vm");

const [script, engine, clients, already] = process.argv.slice(2);
const users = new Set(already ? already.split(",") : []);
const made = [];

const admin = {
  auth: () => ({ ok: 1 }),
  runCommand: ({ usersInfo }) => {
    const found = users.has(usersInfo.user) ? [{ user: usersInfo.user, db: usersInfo.db }] : [];
    // FerretDB leaves `users` out where MongoDB gives an empty list.
    return engine === "ferretdb" && !found.length ? { ok: 1 } : { users: found, ok: 1 };
  },
  getUser(user) {
    const { users: found } = this.runCommand({ usersInfo: { user, db: "admin" } });
    if (!found) throw new Error("[COMMON-90001] No users were returned from the userInfo command");
    return found[0] || null;
  },
  createUser: ({ user, pwd, roles }) => {
    if (users.has(user)) {
      throw engine === "ferretdb"
        ? Object.assign(new Error(`role "${user}" already exists`), { code: 1 })
        : Object.assign(new Error(`User "${user}@admin" already exists`), { code: 51003 });
    }
    users.add(user);
    made.push({ create: user, pwd, roles });
    return { ok: 1 };
  },
  updateUser: (user, change) => {
    if (engine === "ferretdb" && change.roles) {
      throw Object.assign(new Error("Updating roles is not supported"), { code: 2 });
    }
    made.push({ update: user, ...change });
    return { ok: 1 };
  },
};

const files = (path) =>
  path === "/etc/clients/clients.json"
    ? JSON.stringify({ engine, clients: JSON.parse(clients) })
    : `of ${path}`;
const place = {
  require: (name) => (name === "fs" ? { readFileSync: files } : require(name)),
  db: { getSiblingDB: () => admin },
  print: () => {},
};
vm.runInNewContext(fs.readFileSync(script, "utf8"), place, { filename: script });
console.log(JSON.stringify(made));
