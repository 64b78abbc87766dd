mock "tfplan/v2" {
  module {
    source = "mocks/fail-variable-plan.sentinel"
  }
}

mock "tfconfig/v2" {
  module {
    source = "mocks/pass-variable-config.sentinel"
  }
}

mock "tfstate/v2" {
  module {
    source = "mocks/state.sentinel"
  }
}

import "module" "plan" {
  source = "../../../../modules/plan/plan.sentinel"
}

import "module" "report" {
  source = "../../../../modules/report/report.sentinel"
}

test {
  rules = {
    main = false
  }
}
