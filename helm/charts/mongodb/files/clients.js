// Makes the users of MongoDB's clients. Run again, it changes nothing but the
// passwords' salt. All are users of the database `admin`.
const fs = require("fs");
const password = (folder) => fs.readFileSync(`${folder}/password`, "utf8");
const { engine, clients } = JSON.parse(fs.readFileSync("/etc/clients/clients.json", "utf8"));

const admin = db.getSiblingDB("admin");
admin.auth("root", password("/run/secrets/mongodb"));

const rolesOf = (client) => {
  if (client.admin) return [{ role: "root", db: "admin" }];
  const ofDatabase = (name) => ["readWrite", "dbAdmin"].map((role) => ({ role, db: name }));
  return (client.databases || []).flatMap(ofDatabase);
};

for (const [user, client] of Object.entries(clients)) {
  const pwd = password(`/run/clients/${user}`);
  // Not getUser: mongosh throws when the answer has no `users`, which is how
  // FerretDB says that there is none.
  const { users } = admin.runCommand({ usersInfo: { user, db: "admin" } });
  const there = (users || []).length > 0;
  // FerretDB has no roles to give.
  const roles = engine === "ferretdb" ? [] : rolesOf(client);
  if (!there) {
    admin.createUser({ user, pwd, roles });
  } else {
    admin.updateUser(user, engine === "ferretdb" ? { pwd } : { pwd, roles });
  }
  print(`${user}: ${(client.databases || []).join(" ") || "no databases of its own"}`);
}
