// The administrator. mongosh reads the password itself: no argument shows it.
const pwd = require("fs").readFileSync("/run/secrets/mongodb/password", "utf8");
const admin = db.getSiblingDB("admin");
const roles = ["root"];
if (admin.getUser("root")) {
  admin.updateUser("root", { pwd, roles });
} else {
  admin.createUser({ user: "root", pwd, roles });
}
