mock "tfplan/v2" {
  module {
    source = "mocks/fail-algorithm-missing-plan.sentinel"
  }
}

mock "tfconfig/v2" {
  module {
    source = "mocks/config.sentinel"
  }
}

mock "tfstate/v2" {
  module {
    source = "mocks/state.sentinel"
  }
}

import "module" "buckets" {
  source = "../../../../modules/buckets/buckets.sentinel"
}

import "module" "documents" {
  source = "../../../../modules/documents/documents.sentinel"
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
