mock "tfplan/v2" {
  module {
    source = "mocks/compliant-plan.sentinel"
  }
}

mock "tfconfig/v2" {
  module {
    source = "mocks/pass-other-allowed-config.sentinel"
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

param "allowed_regions" {
  value = ["eu-west-1"]
}

test {
  rules = {
    main = true
  }
}
