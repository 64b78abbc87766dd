mock "tfplan/v2" {
  module {
    source = "mocks/fail-in-for-each-plan.sentinel"
  }
}

mock "tfconfig/v2" {
  module {
    source = "mocks/fail-in-for-each-config.sentinel"
  }
}

mock "tfstate/v2" {
  module {
    source = "mocks/fail-in-for-each-state.sentinel"
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
