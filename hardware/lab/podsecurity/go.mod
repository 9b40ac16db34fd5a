// The versions are those of ../k3s/go.mod, which build.sh names with -modfile:
// this file only says where the module begins.
module terrarium/lab/k3s

go 1.26
