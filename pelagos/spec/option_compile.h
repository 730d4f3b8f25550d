// What each option of a service means: one function an option, called by the table in
// service_options.cc. Each takes the option's values, puts them into the service, and says what is
// wrong where it stands.
#pragma once

#include "pelagos/spec/option.h"

namespace pelagos {

void CompileImage(Option& option);
void CompileCommand(Option& option);
void CompileEnv(Option& option);
void CompileNetwork(Option& option);
void CompilePort(Option& option);
void CompileVolume(Option& option);
void CompileBind(Option& option);
void CompileBindReadOnly(Option& option);
void CompileTmpfs(Option& option);
void CompileDependsOn(Option& option);
void CompileMemory(Option& option);
void CompileCpus(Option& option);
void CompileUser(Option& option);
void CompileWorkdir(Option& option);
void CompileCapAdd(Option& option);
void CompileCapDrop(Option& option);
void CompileStopGracePeriod(Option& option);

}  // namespace pelagos
