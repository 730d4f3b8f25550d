// What is said of forms that are wrong, where it points, and when.
#include <gtest/gtest.h>

#include <utility>

#include "pelagos/spec/forms.h"
#include "pelagos/spec/forms_testing.h"

namespace pelagos {
namespace {

// Messages that programs of the original may test for.
TEST_F(FormsTest, MessagesThatGuardSees) {
  const std::pair<const char*, const char*> rows[] = {
      {"(service 'a)", "service 'a': missing (image ...) option"},
      {"(service)", "service: expected name"},
      {"(service 'a '(image \"x\") '(colour \"red\"))", "service: unknown option 'colour'"},
      {"(service 'a 5)", "service option must be a list, got int"},
      {"(service 'a '(image \"x\") '(env \"N\" (5)))",
       "env value: expected string or symbol, got pair"},
      {"(service 'a '(image \"x\") '(port 70000 1))", "port host: port out of range"},
      {"(service 'a '(image \"x\") '(port 1 70000))", "port container: port out of range"},
      {"(service 'a '(image \"x\") '(port \"zz\" 1))", "port host: invalid port 'zz'"},
      {"(service 'a '(image \"x\") '(port #t 1))", "port host: expected integer port"},
      {"(service 'a '(image 5))", "image: expected string or symbol, got int"},
      {"(service 5 '(image \"x\"))", "service: expected string or symbol, got int"},
      {"(service 'a '(image \"x\") '(stop-grace-period -1))",
       "stop-grace-period: value out of range"},
      {"(service 'a '(image \"x\") '(stop-grace-period \"1\"))",
       "stop-grace-period: expected a non-negative integer"},
      {"(service 'a '(image \"x\") '(stop-grace-period 1.5))",
       "stop-grace-period: expected a non-negative integer"},
      {"(service 'a '(image \"x\") '(stop-grace-period \"1.5s\"))",
       "stop-grace-period: '1.5s' is not a duration"},
      {"(service 'a '(image \"x\") '(stop-grace-period \"25h\"))",
       "stop-grace-period: value out of range"},
      {"(service 'a '(image \"x\") '(memory \"1.5x\"))", "memory: '1.5x' is not a size"},
      {"(service 'a '(image \"x\") '(memory \"5k\"))", "memory: '5k' must be at least 512k"},
      {"(service 'a '(image \"x\") '(memory \"-1g\"))", "memory: '-1g' is not a size"},
      {"(service 'a '(image \"x\") '(healthcheck \"x\"))", "service: unknown option 'healthcheck'"},
      {"(compose 5)", "compose: unexpected value 5 (int)"},
      {"(compose-up 5)", "compose-up: expected compose-spec, got int"},
      {"(compose-up)", "compose-up: expected a compose spec"},
      {"(on-ready \"a\" 5)", "on-ready: second argument must be a procedure, got int"},
      {"(network)", "network: expected name"},
      {"(volume 7)", "volume: expected string or symbol, got int"},
      {"(service 'a '(image \"x\") '(volume \"v\"))", "volume mount_path: missing value"},
      {"(service 'a '(image \"x\") '(depends-on \"b\" #t))",
       "depends-on: optional second arg must be a port number"},
      {"(service 'a '(image \"x\") '(depends-on \"b\" \"5432\"))",
       "depends-on: optional second arg must be a port number"},
      {"(service 'a '(image \"x\") '(env))", "env key: missing value"},
      {"(service 'a '(image \"x\") '(port 80))",
       "port: expected two values, HOST and CONTAINER, got 1"},
      {"(service 'a '(image \"x\") '(port))", "port host: missing value"},
      {"(begin (define-service s \"s\" :image \"i\" :env) 1)", "env key: missing value"},
      {"(begin (define-service s \"s\") 1)", "service 's': missing (image ...) option"},
      {"(begin (define-service s \"s\" :image \"i\" :ready-port 80) 1)",
       "service: unknown option 'ready-port'"},
  };
  for (const auto& [expression, message] : rows) EXPECT_EQ(Caught(expression), message);
}

// Every mistake is shown, each where it stands.
TEST_F(FormsTest, AllMistakesAtOnce) {
  EXPECT_FALSE(Run(R"reml((service 'a
  '(image "")
  '(prot 80 80)
  '(port 0 80 "localhost")
  '(memory "64")
  '(cap-add net-admim)
  '(workdir "app" "x")
  '(tmpfs "/proc/x")
  '(env "A=B" "c")))reml"));
  EXPECT_EQ(Rendered(), R"(t.reml:2:11: error: image: must not be empty
2 |   '(image "")
  |           ^^ expected (image REFERENCE)
t.reml:3:5: error: service: unknown option 'prot'
3 |   '(prot 80 80)
  |     ^^^^ did you mean 'port'?
t.reml:4:10: error: port host: port out of range
4 |   '(port 0 80 "localhost")
  |          ^ a port is 1 to 65535
t.reml:4:15: error: port address: 'localhost' is no IPv4 address
4 |   '(port 0 80 "localhost")
  |               ^^^^^^^^^^^ expected (port HOST CONTAINER [ADDRESS])
t.reml:5:12: error: memory: '64' must be at least 512k
5 |   '(memory "64")
  |            ^^^^ did you mean '64m'?
t.reml:6:13: error: cap-add: unknown capability 'net-admim'
6 |   '(cap-add net-admim)
  |             ^^^^^^^^^ did you mean 'net-admin'?
t.reml:7:13: error: workdir: 'app' must be an absolute path
7 |   '(workdir "app" "x")
  |             ^^^^^ expected (workdir PATH)
t.reml:7:19: error: workdir: unexpected value "x"
7 |   '(workdir "app" "x")
  |                   ^^^ expected (workdir PATH)
t.reml:8:11: error: tmpfs: '/proc/x' is in /proc, which is the container's own
8 |   '(tmpfs "/proc/x")
  |           ^^^^^^^^^ expected (tmpfs PATH...)
t.reml:9:9: error: env key: 'A=B' must not contain '='
9 |   '(env "A=B" "c"))
  |         ^^^^^ key and value are two values: (env "KEY" "VALUE")
)");
}

TEST_F(FormsTest, MistakesDoNotEndTheProgram) {
  EXPECT_FALSE(Run(R"reml(
    (define a (service "a"))
    (define n (network "n" '(driver "x")))
    (on-ready a 5)
    (compose-up (compose a n 7 (service "b" '(image "i") '(memory "x"))) 8)
    (display (list a n "end")))reml"));
  EXPECT_EQ(output_, "(#<service:a> #<network:n> \"end\")");
  EXPECT_EQ(Messages(),
            (Words{"service 'a': missing (image ...) option", "network: unknown option 'driver'",
                   "on-ready: second argument must be a procedure, got int",
                   "memory: 'x' is not a size", "compose: unexpected value 7 (int)",
                   "compose-up project: expected string or symbol, got int"}));
  EXPECT_TRUE(forms_.has_mistakes());
  // What could be understood, for further checks.
  ASSERT_TRUE(forms_.request().has_value());
  EXPECT_EQ(spec().services.size(), 2u);
  EXPECT_EQ(spec().networks.size(), 1u);
  EXPECT_EQ(forms_.request()->project, "");
  EXPECT_TRUE(forms_.hooks().empty());
  // The next program begins anew.
  EXPECT_TRUE(Run("(service 'a '(image \"i\"))"));
  EXPECT_FALSE(forms_.has_mistakes());
}

TEST_F(FormsTest, WhatEndsTheProgramComesLast) {
  EXPECT_FALSE(Run("(service 'a)\n(car '())\n(service 'b)"));
  EXPECT_EQ(Messages(),
            (Words{"service 'a': missing (image ...) option", "car: expected pair, got nil"}));
}

TEST_F(FormsTest, AMistakeOfAProcedureIsToldOnce) {
  EXPECT_FALSE(Run("(map (lambda (name) (service name '(imag \"i\") '(image \"i\"))) '(a b c))"));
  EXPECT_EQ(Messages(), Words{"service: unknown option 'imag'"});
}

TEST_F(FormsTest, EnoughMistakesEndTheProgram) {
  EXPECT_FALSE(Run("(for-each (lambda (i) (service (format \"s~a\" i))) (iota 100000))"));
  EXPECT_EQ(Messages().size(), 102u);
}

TEST_F(FormsTest, AGuardSeesTheMistakeInstead) {
  EXPECT_TRUE(Run("(display (guard (e (#t e)) (service 'a) 'not-here))")) << Rendered();
  EXPECT_EQ(output_, "service 'a': missing (image ...) option");
  EXPECT_FALSE(forms_.has_mistakes());
  EXPECT_TRUE(Run("(guard (e (#t e)) (compose-up (compose (service 'a '(image \"i\"))) \"a/b\"))"));
  EXPECT_FALSE(forms_.request().has_value());
}

// After the program, in a hook, nobody would ever ask for what was noted.
TEST_F(FormsTest, OutsideOfEvaluateAMistakeIsAFailure) {
  ASSERT_TRUE(Run("(on-ready \"a\" (lambda () (service 'b) 1))")) << Rendered();
  EXPECT_FALSE(interpreter_.Call(HooksOf("a")[0].get(), {}, diags_).has_value());
  EXPECT_EQ(Messages(), Words{"service 'b': missing (image ...) option"});
}

TEST_F(FormsTest, PlacesOfDefineService) {
  EXPECT_EQ(Shown("(define-service s \"s\"\n  :image \"i\"\n  :memory \"64x\")"),
            R"(t.reml:3:11: error: memory: '64x' is not a size
3 |   :memory "64x")
  |           ^^^^^ expected a number of bytes, or one with k, m or g: "512m", "1.5g"
)");
  EXPECT_EQ(Shown("(define-service s \"s\"\n  :image \"i\"\n  :env (\"A\"))"),
            R"(t.reml:3:3: error: env value: missing value
3 |   :env ("A"))
  |   ^^^^^^^^^ expected (env KEY VALUE)
)");
}

TEST_F(FormsTest, OtherForms) {
  EXPECT_EQ(Shown("(network 'n '(subnet \"10.5.0.1/24\"))"),
            "t.reml:1:22: error: subnet: '10.5.0.1/24' has bits set beyond its prefix\n"
            "1 | (network 'n '(subnet \"10.5.0.1/24\"))\n"
            "  |                      ^^^^^^^^^^^^^ expected (subnet \"10.5.0.0/24\")\n");
  EXPECT_EQ(Caught("(network 'n '(driver \"x\"))"), "network: unknown option 'driver'");
  EXPECT_EQ(Caught("(volume 'v '(size 5))"), "volume: unexpected value (size 5)");
  EXPECT_EQ(Caught("(volume \"../etc\")"),
            "volume: name '../etc' must begin with a letter or digit");
  EXPECT_EQ(Caught("(service \"a b\" '(image \"i\"))"),
            "service: name 'a b' may have only letters, digits, '_', '.' and '-'");
  EXPECT_EQ(Caught("(compose-up (compose) \"a/b\")"),
            "compose-up: project 'a/b' may have only letters, digits, '_', '.' and '-'");
  EXPECT_EQ(Caught("(service 'a '(image \"i\" \"j\"))"), "image: unexpected value \"j\"");
  EXPECT_EQ(Caught("(service 'a :image \"i\")"), "service option must be a list, got symbol");
  EXPECT_FALSE(Run("(compose 5 (list 6 (list \"x\")))"));
  EXPECT_EQ(Messages(),
            (Words{"compose: unexpected value 5 (int)", "compose: unexpected value 6 (int)",
                   "compose: unexpected value \"x\" (string)"}));
}

}  // namespace
}  // namespace pelagos
