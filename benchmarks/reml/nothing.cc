// The floor of every start-up: a process that comes and goes.
int main() { return 0; }
