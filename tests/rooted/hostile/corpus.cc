#include <iterator>

#include "tests/rooted/hostile/case.h"

namespace pelagos::hostile {

Cases AllCases() {
  Cases all;
  for (Cases (*of)() : {DevCases, ProcCases, TargetCases, SourceCases, DescriptorCases, UserCases,
                        ImageCases, RightsCases, TerminalCases, ProgramCases, EnteringCases}) {
    Cases some = of();
    std::move(some.begin(), some.end(), std::back_inserter(all));
  }
  return all;
}

}  // namespace pelagos::hostile
